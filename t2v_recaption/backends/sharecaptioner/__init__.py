"""The original ShareCaptioner-Video, which needs transformers 4.37: in a process with an environment of its own.

`backend.py` is the backend, `process.py` talks to the process, `environment.py` makes the environment. `worker.py` and
`original.py` run in the other process and import nothing of this package.
"""
