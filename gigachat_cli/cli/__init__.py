"""The command line: one file a noun.  A command declares its options and calls one function below."""
