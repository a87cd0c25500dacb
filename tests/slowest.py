"""Prints the 20 slowest tests of the JUnit reports it is given: `slowest.py REPORT...`. A report that is not there has none."""

import sys
from pathlib import Path
from xml.etree import ElementTree

reports = [ElementTree.parse(path) for path in sys.argv[1:] if Path(path).is_file()]
tests = [
    (float(test.get("time", 0)), test.get("classname", ""), test.get("name", ""))
    for report in reports
    for test in report.iter("testcase")
]
for seconds, where, name in sorted(tests, reverse=True)[:20]:
    print(f"{seconds:7.1f} s  {where} {name}")
