"""`python -m t2v_recaption` is `t2v`."""

from t2v_recaption.cli import main

main()
