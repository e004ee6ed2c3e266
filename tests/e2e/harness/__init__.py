"""What the end-to-end tests share: projects on disk, the running daemon, and the servers it talks to.

Nothing in here knows a scenario; nothing in here imports the product. The binary is only ever seen from outside.
"""
