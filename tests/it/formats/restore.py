"""Opens what lies on disk, as docs/formats.md describes it: python3 restore.py DATA SECRET INTO

DATA is a data folder with consent.db (SQLite) and blobs/; SECRET a recovery code, a sign-in (csi_) or an access
token (cat_). Every file that it leads to goes to INTO/<file id>, what the file says of itself to the same name with
.json behind it. Needs openssl, nothing of the platform, and none of the server's keys.
"""

import base64, datetime, hashlib, hmac, json, os, sqlite3, subprocess, sys, tempfile

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS = {"csi_": ("sign_in", b"sign-in"), "cat_": ("access", b"access token")}


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def framed(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def derive(key, *parts):
    return mac(mac(bytes(32), key), framed(*parts) + b"\x01")


def times(a, b):
    product = 0
    for bit in range(127, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (0xE1 << 120 if b & 1 else 0)
    return product


def open_gcm(key, nonce, aad, sealed):
    text, tag = sealed[:-16], sealed[-16:]
    h = int.from_bytes(openssl("enc", "-aes-256-ecb", "-nopad", "-K", key.hex(), data=bytes(16)), "big")
    counter = nonce.hex() + "00000001"
    stream = openssl("enc", "-aes-256-ctr", "-K", key.hex(), "-iv", counter, data=bytes(16) + text)
    lengths = (len(aad) * 8).to_bytes(8, "big") + (len(text) * 8).to_bytes(8, "big")
    hashed = aad + bytes(-len(aad) % 16) + text + bytes(-len(text) % 16) + lengths
    ghash = 0
    for at in range(0, len(hashed), 16):
        ghash = times(ghash ^ int.from_bytes(hashed[at : at + 16], "big"), h)
    assert (ghash ^ int.from_bytes(stream[:16], "big")).to_bytes(16, "big") == tag, "not authentic"
    return stream[16:]


def unwrap(key, kind, library, row, owner, wrapped, end=b""):
    assert wrapped[0] == 1, "version"
    aad = framed(b"\x01", library, kind, row, owner, end)
    return open_gcm(key, wrapped[1:13], aad, wrapped[13:])


def exchange(private, public):
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = os.path.join(folder, "mine"), os.path.join(folder, "theirs")
        for path, form, key in (
            (mine, "302e020100300506032b656e04220420", private),
            (theirs, "302a300506032b656e032100", public),
        ):
            with open(path, "wb") as to:
                to.write(bytes.fromhex(form) + key)
        own = openssl("pkey", "-inform", "DER", "-in", mine, "-pubout", "-outform", "DER")[-32:]
        args = ("-inkey", mine, "-keyform", "DER", "-peerkey", theirs, "-peerform", "DER")
        return openssl("pkeyutl", "-derive", *args), own


def extract(suite, salt, label, key):
    return mac(salt or bytes(32), b"HPKE-v1" + suite + label + key)


def expand(suite, key, label, info, length):
    return mac(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01")[:length]


def key_pair(key):
    suite = b"KEM\x00\x20"
    return expand(suite, extract(suite, b"", b"dkp_prk", key), b"sk", b"", 32)


def open_sealed(private, info, sealed):
    assert sealed[0] == 1, "version"
    sent, text = sealed[1:33], sealed[33:]
    shared, own = exchange(private, sent)
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    secret = expand(kem, extract(kem, b"", b"eae_prk", shared), b"shared_secret", sent + own, 32)
    nothing, place = extract(suite, b"", b"psk_id_hash", b""), extract(suite, b"", b"info_hash", info)
    schedule, secret = b"\x00" + nothing + place, extract(suite, secret, b"secret", b"")
    key = expand(suite, secret, b"key", schedule, 32)
    return open_gcm(key, expand(suite, secret, b"base_nonce", schedule, 12), b"", text)


def open_file(key, library, file, sealed):
    header = b"\x01" + (65536).to_bytes(4, "big") + framed(library, file)
    assert sealed.startswith(header), "another file"
    chunk_key = derive(key, b"chunks", hashlib.sha256(header).digest())
    body, content, number = sealed[len(header) :], b"", 0
    while True:
        chunk, body = body[: 65536 + 16], body[65536 + 16 :]
        nonce = bytes(7) + number.to_bytes(4, "big") + (b"\x00" if body else b"\x01")
        content += open_gcm(chunk_key, nonce, b"", chunk)
        number += 1
        if not body:
            return content


def recovery_pair(code):
    digits = [ALPHABET.index(character) for character in code.upper() if character not in " -"]
    assert len(digits) == 32
    code = sum(digit << 5 * (31 - at) for at, digit in enumerate(digits)).to_bytes(20, "big")
    return key_pair(derive(code, b"purpose", b"recovery code", b"recovery"))


def milliseconds(text):
    at = datetime.datetime.fromisoformat(text.replace(" +", "+"))
    return round(at.timestamp() * 1000).to_bytes(8, "big")


def open_slots(database, secret):
    """Library, owner, kind and key of every slot that the secret opens."""
    kind, name = KINDS.get(secret[:4], ("recovery", None))
    if name:
        secret = base64.urlsafe_b64decode(secret[4:] + "=" * (-len(secret[4:]) % 4))
    else:
        pair = recovery_pair(secret)
    slots = "SELECT id, library_id, owner_id, not_after, sealed FROM slot WHERE kind = ?"
    for row, library, owner, end, sealed in database.execute(slots, (kind,)):
        row, library, owner = row.encode(), library.encode(), owner.encode()
        try:
            if name:
                by = derive(secret, b"slot", name, row)
                key = unwrap(by, kind.encode(), library, row, owner, sealed, milliseconds(end))
            else:
                key = open_sealed(pair, framed(b"slot", library, row, owner), sealed)
        except AssertionError:
            continue  # Somebody else's.
        yield library, owner, kind, key


def open_shelves(database, library, owner, kind, key):
    """Every shelf that a library key or a grant key leads to, and the private half of its drop pair."""
    if kind == "access":
        granted = "SELECT shelf_id, wrapped FROM grant_shelf WHERE usage = 'read' AND grant_id = ?"
        found = database.execute(granted, (owner.decode(),))
        read = [(shelf, "read", owner, wrapped) for shelf, wrapped in found]
    else:
        shelves = "SELECT id, read_wrapped FROM shelf WHERE library_id = ?"
        found = database.execute(shelves, (library.decode(),))
        read = [(shelf, "shelf_read", library, wrapped) for shelf, wrapped in found]
    for shelf, what, whose, wrapped in read:
        dropped = database.execute("SELECT drop_wrapped FROM shelf WHERE id = ?", (shelf,)).fetchone()[0]
        row = shelf.encode()
        read_key = unwrap(key, what.encode(), library, row, whose, wrapped)
        yield shelf, unwrap(read_key, b"shelf_drop", library, row, library, dropped)


def restore(data, database, library, shelf, drop, into):
    files = "SELECT id, sealed_key, sealed_metadata FROM file WHERE shelf_id = ?"
    for name, sealed_key, sealed_metadata in database.execute(files, (shelf,)):
        file = name.encode()
        key = open_sealed(drop, framed(library, shelf.encode(), file), sealed_key)
        metadata = unwrap(derive(key, b"metadata"), b"file_metadata", library, file, library, sealed_metadata)
        with open(os.path.join(data, "blobs", library.decode(), name), "rb") as blob:
            content = open_file(key, library, file, blob.read())
        said = json.loads(metadata)
        assert said["size"] == len(content) and said["digest"] == hashlib.sha256(content).hexdigest()
        for end, what in (("", content), (".json", metadata)):
            with open(os.path.join(into, name + end), "wb") as to:
                to.write(what)


def main(data, secret, into):
    database = sqlite3.connect(os.path.join(data, "consent.db"))
    for library, owner, kind, key in open_slots(database, secret):
        for shelf, drop in open_shelves(database, library, owner, kind, key):
            restore(data, database, library, shelf, drop, into)


main(*sys.argv[1:])
