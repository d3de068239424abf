"""Self-contained HTML pages: one file that opens anywhere, with nothing loaded from elsewhere.

    from t2v_recaption.pages import page
    page("verify.html", title="…", script=SCRIPT, **variables)    # templates/verify.html extends "base.html"

`charts` draws (intervals, shares, timelines), `text` marks spans, `pictures` puts images into the page.
"""

from t2v_recaption.pages.page import page, write

__all__ = ["page", "write"]
