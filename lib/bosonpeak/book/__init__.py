"""The book: chapters and how they are run, the ledger of claims, figures with sliders, tables, numbers in prose."""


def start(chapter: str, scale: str):
    """Set up a chapter: the style of figures, the threads, and its ledger.

    Parameters
    ----------
    chapter : str
        Name of the chapter, such as "jiang-2026".
    scale : str
        "ci", "book" or "paper".

    Returns
    -------
    book.ledger.Ledger
        Records what the chapter measures. Its attribute `progress` says whether long work should show a progress
        bar: in a live JupyterLab session, and not on a page that is being built.

    Raises
    ------
    ValueError
        If the chapter has no ledger or the scale is unknown.
    """
    from bosonpeak.book.figures import live_kernel, use_style
    from bosonpeak.book.ledger import Ledger
    from bosonpeak.threads import set_threads

    use_style()
    set_threads()
    ledger = Ledger(chapter, scale)
    ledger.progress = live_kernel()
    return ledger
