"""Programs that also run where there is nothing but a kernel, such as a VM's first file system."""

# Sanitizers need their shared library.
STATIC = select({
    "//tools/build_defs:sanitized": [],
    "//conditions:default": ["-static"],
})
