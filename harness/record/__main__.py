"""`python -m harness.record runs`: bring the journals below a folder into MLflow."""

import sys

from harness.record.mlflow_export import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
