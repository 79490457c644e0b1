"""An edition from its slot to its readers: what is due, the proof, the freeze, the run, the brake."""
