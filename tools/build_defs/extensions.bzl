"""The module extension for the system's libraries: for MODULE.bazel."""

load(":system.bzl", "system_libraries")

def _system(_ctx):
    system_libraries()

system = module_extension(implementation = _system)
