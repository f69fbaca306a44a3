"""Where images come from and how they are split; no network is trained here."""
