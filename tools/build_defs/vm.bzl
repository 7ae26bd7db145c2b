"""What VMs need as repositories: guest."""

def _guest(ctx):
    result = ctx.execute([
        ctx.path(ctx.attr._make_image),
        ctx.path(ctx.attr._private_apt),
    ], timeout = 600)
    if result.return_code != 0:
        # A build that boots no VM goes on; one that does says this line.
        lines = result.stderr.strip().split("\n")
        message = "no kernel: {}. Try: tools/guest/make_image {}, then bazel clean --expunge\n".format(
            lines[-1] if lines else "make_image failed",
            "tools/build_defs/private_apt",
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
