"""The control plane, below ``/__admin``: controls accounts and shows their state.

It changes an account only through the same units of work, handlers and lifecycles as
the API, so every state it creates is one that API calls can reach.
"""
