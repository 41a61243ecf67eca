"""Steps (环节), their dates, and the desks (经办) they lie on."""
