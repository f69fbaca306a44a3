"""Arrays through trained networks, a batch at a time; nothing is trained here."""
