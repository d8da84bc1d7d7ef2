"""Certificates for tests, made by openssl(1): an authority, another one below it, and what they sign."""
import os
import subprocess


class Certificates:
    """PEM files in `directory`: NAME.crt and NAME.key."""

    def __init__(self, directory):
        self.directory = directory
        self.make_authority("root")

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def make_authority(self, name, issuer=None):
        self.make(name, name, issuer, ["basicConstraints=critical,CA:TRUE"])

    def make_server(self, name, issuer="root"):
        """For localhost; its file has the certificates of the authorities below the root behind its own."""
        self.make(name, "localhost", issuer, ["subjectAltName=DNS:localhost,IP:127.0.0.1"])
        if issuer != "root":
            with open(self.path(f"{issuer}.crt")) as chain, open(self.path(f"{name}.crt"), "a") as own:
                own.write(chain.read())

    def make_client(self, name, issuer="root"):
        self.make(name, name, issuer, ["extendedKeyUsage=clientAuth"])

    def make(self, name, common_name, issuer, extensions):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={common_name}")
        with open(self.path(f"{name}.ext"), "w") as file:
            file.write("\n".join(extensions) + "\n")
        signer = ["-signkey", f"{name}.key"] if issuer is None else ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key",
                                                                    "-CAcreateserial"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", "-days", "2", "-extfile",
                     f"{name}.ext", *signer)
        # What JDBC reads keys from.
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", f"{name}.key", "-out", f"{name}.pk8")
        os.chmod(self.path(f"{name}.key"), 0o600)
