"""The report as JUnit XML: a test case a question, for the pages that continuous integration makes of it.

Source: the schema of Jenkins' JUnit plugin, which GitLab and others read too.
"""

from __future__ import annotations

from lxml import etree

from eval.report.report import QuestionJson, ReportJson


def report_junit(report: ReportJson) -> str:
    """Return a complete document; a question that failed to be answered is an error, one answered wrongly a failure."""
    questions, failed = report["questions"], report["failed"]
    wrong = [each for each in questions if each["kind"] and not each["error"]]
    counts = {"tests": len(questions), "failures": len(wrong), "errors": len(failed)}
    suite = etree.Element("testsuite", {"name": report["dataset"]["name"], **_texts(counts)})
    for each in questions:
        suite.append(_case(each, report["dataset"]["name"]))
    content: str = etree.tostring(suite, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{content}'


def _case(question: QuestionJson, dataset: str) -> etree._Element:
    named = {"classname": f"{dataset}.{question['type']}", "name": f"{question['id']} {question['question']}"}
    case = etree.Element("testcase", {key: _clean(value) for key, value in named.items()})
    if question["kind"]:
        kind = "error" if question["error"] else "failure"
        found = etree.SubElement(case, kind, {"message": _clean(question["error"] or question["kind"])})
        found.text = _clean(question["given"] or "")
    return case


def _texts(counts: dict[str, int]) -> dict[str, str]:
    return {key: str(value) for key, value in counts.items()}


def _clean(text: str) -> str:
    """Return the text that XML can hold."""
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
