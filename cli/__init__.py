"""liancai, the command-line client. It knows the protos and nothing of the servers."""
