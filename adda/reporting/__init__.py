"""What is written about runs: card, report, tables; it reads what stages left."""
