"""Enrolments (报名): made, waited for, exchanged, corrected, found."""
