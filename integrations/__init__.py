"""One module per host that captions are handed to. Installed as `t2v_recaption.integrations`."""
