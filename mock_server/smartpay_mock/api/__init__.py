"""HTTP in, HTTP out. Law: no rule of the API is decided here; no SQL."""
