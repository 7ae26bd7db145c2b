"""What VMs need as repositories: guest and qemu."""

def _guest(ctx):
    result = ctx.execute([
        ctx.path(ctx.attr._make_image),
        ctx.path(ctx.attr._private_apt),
    ], timeout = 600)
    if result.return_code != 0:
        # A build that boots no VM goes on; one that does says this line.
        lines = result.stderr.strip().split("\n")
        errors = [line[len("E: "):] for line in lines if line.startswith("E: ")] + lines[-1:]
        message = "no kernel: {}. Try: apt-get update; once it works, bazel clean --expunge\n".format(
            errors[0].strip("."),
        )
        ctx.file("vmlinux", message)
        ctx.file("initramfs", message)
    ctx.file("BUILD", "exports_files([\"initramfs\", \"vmlinux\"])\n")

guest = repository_rule(
    implementation = _guest,
    attrs = {
        "_make_image": attr.label(default = "//tools/guest:make_image"),
        "_private_apt": attr.label(default = "//tools/build_defs:private_apt"),
    },
    doc = "The kernel and the first file system of a VM's guest, made of Debian packages.",
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
