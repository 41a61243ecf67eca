"""The replay: real registrations and withdrawals of 22 courses, through running services, held against a model."""
