"""`python -m harness`."""

if __name__ == "__main__":  # a worker imports this file too, and nothing more of it
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while nothing is there to save

    from harness.cli.shell import main

    main()
