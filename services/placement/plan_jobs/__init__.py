"""The jobs that work plans out: inputs read, planned by `planning`, checked by `rules`, stored."""
