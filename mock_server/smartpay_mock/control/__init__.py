"""The control plane: steers and shows, never emulates. Below ``/__admin``.

Law: what it does to an account it does through the same units of work, handlers and
lifecycles as a call of the API, so that every state it makes is a reachable one.
"""
