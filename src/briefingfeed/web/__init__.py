"""The pages a subscriber meets. No state changes on GET."""
