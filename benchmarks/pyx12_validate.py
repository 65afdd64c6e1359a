"""Validate one file with pyx12 as its `x12valid` does, but write nothing: no 997 or 999, no HTML, no JSON.

Leaves 0 when pyx12 accepts the file and 1 when it does not.
"""

import logging
import sys

import pyx12.params
import pyx12.x12n_document


def main(path: str) -> int:
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)  # x12valid prints each error; the printing is not measured
    param = pyx12.params.params(None)
    param.set("exclude_external_codes", "")
    return 0 if pyx12.x12n_document.x12n_document(param=param, src_file=path, fd_997=None, fd_html=None) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
