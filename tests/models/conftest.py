"""The programs are data of the tests: importing them (as the doctest collector would) runs them."""

collect_ignore_glob = ["programs/*"]
