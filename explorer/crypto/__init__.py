"""Groups, prfs, ciphers; and expressions that evaluate, print themselves and prove themselves.

Nothing in here draws randomness: every exponent, nonce and IV is handed in.
"""
