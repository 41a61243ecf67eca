"""Documents (材料): brought, looked at, promised, handed out."""
