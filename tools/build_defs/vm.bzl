"""What VMs need as repositories: guest, guest_tools and qemu."""

def _made(ctx, what, command, files):
    """Runs a script that makes `files`; if it fails, they say `what` is missing and why."""
    result = ctx.execute(command, timeout = 600)
    if result.return_code != 0:
        # A build that boots no VM goes on; one that does says this line.
        lines = result.stderr.strip().split("\n")
        errors = [line[len("E: "):] for line in lines if line.startswith("E: ")] + lines[-1:]
        message = "no {}: {}. Try: apt-get update; once it works, bazel clean --expunge\n".format(
            what,
            errors[0].strip("."),
        )
        for file in files:
            ctx.file(file, message)
    ctx.file("BUILD", "exports_files({})\n".format(files))

_COMMON = {
    "_common": attr.label(default = "//tools/guest:common.sh"),
    "_private_apt": attr.label(default = "//tools/build_defs:private_apt"),
}

def _guest(ctx):
    ctx.path(ctx.attr._common)  # so that a change of it counts
    _made(ctx, "kernel", [
        ctx.path(ctx.attr._make_image),
        ctx.path(ctx.attr._private_apt),
        ctx.attr.suite,
    ], ["vmlinux", "initramfs"])

guest = repository_rule(
    implementation = _guest,
    attrs = dict(
        _COMMON,
        suite = attr.string(
            default = "running",
            doc = "Where the kernel is from: the running Debian release, or running-backports.",
        ),
        _make_image = attr.label(default = "//tools/guest:make_image"),
    ),
    doc = "The kernel and the first file system of a VM's guest, made of Debian packages.",
)

def _guest_tools(ctx):
    ctx.path(ctx.attr._common)
    _made(ctx, "guest tools", [
        ctx.path(ctx.attr._make_tools),
        ctx.path(ctx.attr._private_apt),
    ], ["tools"])

guest_tools = repository_rule(
    implementation = _guest_tools,
    attrs = dict(_COMMON, _make_tools = attr.label(default = "//tools/guest:make_tools")),
    doc = "Programs of Debian packages for guests that need more than busybox.",
)

_RECENT = """#!/bin/sh
[ -x '{run}' ] || {{
  echo "no QEMU of 10.1 or later: run tools/bazel, or tools/build_defs/recent_qemu '{folder}'" >&2
  exit 1
}}
exec '{run}' "$@"
"""

def _qemu(ctx):
    home = ctx.os.environ.get("HOME", "")
    cache = ctx.os.environ.get("XDG_CACHE_HOME", "") or home + "/.cache"
    folder = cache + "/ixylab/qemu"
    ctx.file("recent", _RECENT.format(folder = folder, run = folder + "/run"), executable = True)
    ctx.file("BUILD", "exports_files([\"recent\"])\n")

qemu = repository_rule(
    implementation = _qemu,
    environ = ["HOME", "XDG_CACHE_HOME"],
    local = True,
    doc = "The program @qemu//:recent: the QEMU of 10.1 or later that tools/bazel fetched.",
)
