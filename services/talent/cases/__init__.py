"""Cases (个案): opened, shown, found, merged, ended; and whole logs of them read in."""
