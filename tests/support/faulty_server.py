"""A node whose disk breaks on demand (faulty_disk.c says how)."""
import os
import subprocess

import servers

SHIM_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faulty_disk.c")


class FaultyServer(servers.TroupeServer):
    def prepare(self):
        self.shim = os.path.join(self.dir, "faulty_disk.so")
        self.fault = os.path.join(self.dir, "fault")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-w", "-o", self.shim, SHIM_SOURCE, "-ldl"], check=True)

    def launch(self, command, **options):
        # AddressSanitizer wants to be the first library, which it need not be for this one.
        sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        environment = dict(os.environ, LD_PRELOAD=self.shim, FAULTY_DISK=self.fault, ASAN_OPTIONS=sanitizer)
        super().launch(command, env=environment, **options)

    def break_disk(self, how):
        with open(self.fault + ".new", "w") as out:
            out.write(how)
        os.rename(self.fault + ".new", self.fault)

    def mend_disk(self):
        if os.path.exists(self.fault):
            os.unlink(self.fault)
