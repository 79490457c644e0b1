"""Plain frozen data and enums that every room shares. No I/O, no clock, no imports from other rooms."""
