"""Says whether the web server on this machine can work: status 0 when `/health` answers 200, else 1 and the reason.

Only Python itself is needed, so that asking every half minute costs next to nothing. `HOST` and `PORT` mean what they
mean to the web server.
"""

import http.client
import os
import sys

SECONDS = 8
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- addresses that one may listen at


def ask() -> tuple[int, str]:
    """Give status and text of the answer; raises OSError or HTTPException when there is none."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = int(os.environ.get("PORT") or 8000)
    connection = http.client.HTTPConnection(WILDCARDS.get(host, host), port, timeout=SECONDS)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(200).decode(errors="replace").strip()
    finally:
        connection.close()


def main() -> int:
    """Ask once."""
    try:
        status, text = ask()
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"the web server does not answer: {error}\n")
        return 1
    if status != http.client.OK:
        sys.stderr.write(f"the web server answers {status}: {text}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
