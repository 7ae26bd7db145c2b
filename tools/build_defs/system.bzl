"""Libraries of the system as repositories: pkg_config and system_headers."""

load(":vm.bzl", "guest", "guest_tools", "qemu")

_CC = """load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "{name}",{attributes}
    visibility = ["//visibility:public"],
)
"""

def _missing(ctx, what):
    fail("{} is not installed. Try: apt-get install {}".format(what, ctx.attr.package))

def _pkg_config(ctx):
    # Only --libs: these headers lie in /usr/include, and libpcap's --cflags drag in those of dbus.
    tool = ctx.which("pkg-config")
    if tool == None:
        fail("pkg-config is not installed. Try: apt-get install pkg-config")
    result = ctx.execute([tool, "--libs", ctx.attr.module])
    if result.return_code != 0:
        _missing(ctx, ctx.attr.module)
    flags = [flag for flag in result.stdout.strip().split(" ") if flag]
    ctx.file("BUILD", _CC.format(
        name = ctx.attr.library,
        attributes = "\n    linkopts = {},".format(flags),
    ))

pkg_config = repository_rule(
    implementation = _pkg_config,
    attrs = {
        "library": attr.string(mandatory = True, doc = "Name of the cc_library."),
        "module": attr.string(mandatory = True, doc = "Name that pkg-config knows."),
        "package": attr.string(mandatory = True, doc = "Debian package, for the error message."),
    },
    configure = True,
    local = True,
    doc = "A cc_library which links what pkg-config says.",
)

def _system_headers(ctx):
    folder = ctx.path(ctx.attr.path)
    if not folder.exists:
        _missing(ctx, ctx.attr.path)
    ctx.symlink(folder, "include/" + folder.basename)
    ctx.file("BUILD", _CC.format(
        name = ctx.attr.library,
        attributes = "\n    hdrs = glob([\"include/**\"]),\n    includes = [\"include\"],",
    ))

system_headers = repository_rule(
    implementation = _system_headers,
    attrs = {
        "library": attr.string(mandatory = True, doc = "Name of the cc_library."),
        "package": attr.string(mandatory = True, doc = "Debian package, for the error message."),
        "path": attr.string(mandatory = True, doc = "A folder of headers, such as /usr/include/CLI."),
    },
    configure = True,
    local = True,
    doc = "A cc_library of a header-only library.",
)

def system_libraries():
    """What WORKSPACE and MODULE.bazel both take from the system."""
    guest(name = "guest")
    guest(
        name = "guest_backports",
        suite = "running-backports",
    )
    guest_tools(name = "guest_tools")
    qemu(name = "qemu")
    system_headers(
        name = "nlohmann_json",
        library = "nlohmann_json",
        package = "nlohmann-json3-dev",
        path = "/usr/include/nlohmann",
    )
    pkg_config(
        name = "libpcap",
        library = "libpcap",
        module = "libpcap",
        package = "libpcap-dev",
    )
    pkg_config(
        name = "pugixml",
        library = "pugixml",
        module = "pugixml",
        package = "libpugixml-dev",
    )
    system_headers(
        name = "tomlplusplus",
        library = "tomlplusplus",
        package = "libtomlplusplus-dev",
        path = "/usr/include/toml++",
    )
    system_headers(
        name = "cli11",
        library = "cli11",
        package = "libcli11-dev",
        path = "/usr/include/CLI",
    )
