"""The API over HTTP: authentication, idempotency, validation, journal. No SQL."""
