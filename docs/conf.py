"""The documentation site: `make site` builds it, with warnings as errors."""

project = "tap-clientsuccess"
author = "The tap-clientsuccess maintainers"
project_copyright = author
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["tables.css"]
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
# Anchors as GitHub makes them, so that links work in both places.
myst_heading_anchors = 3
# The pages are read on GitHub too, where a mermaid block is a plain fence.
myst_fence_as_directive = ["mermaid"]
# Some pages start with generated parts, whose headings are GitHub's.
suppress_warnings = ["myst.header"]
