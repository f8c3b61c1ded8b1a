"""Who may ask and what they may read: keys, sign-in, proxies, limits."""
