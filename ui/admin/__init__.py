"""The page for those who run the service: what is asked, how fast it is answered, and what could not be answered."""
