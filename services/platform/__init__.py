"""What every service stands on: gRPC, SQL and trust. No word of any domain lives here."""
