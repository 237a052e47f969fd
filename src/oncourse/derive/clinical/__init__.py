"""Lines of therapy, PSA and imaging response, time to event."""
