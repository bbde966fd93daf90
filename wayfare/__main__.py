"""`python -m wayfare` is `wayfare`."""

if __name__ == "__main__":  # the web server's worker process imports this file again and needs none of it
    from wayfare.cli import main

    main()
