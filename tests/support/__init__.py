"""What tests share: fakes, sample files, servers."""
