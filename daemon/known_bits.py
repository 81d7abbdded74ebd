"""What tables, kernels and weights of this version are; written by `python -m daemon.selfcheck --write`."""

TABLES = "7558c34cf002dd61ce0a6072f1738d5c7ba6876561dbd15288aa41fb3028fc73"
KERNELS = "2e37a3dafe8ef817b2b77c8e92a29170aa7e34c821842fc227ed561e7a1475ab"
WEIGHTS = {
    "beatnet.bin": "ebbb6eead522db5d4b838ae2dc783752d70866cd04ed772ee3682fba91907710",
    "onsets.bin": "46c324459a7ad57f9d5e0c81d54bba04ec7e7f796744cf66537309ef13fead63",
}
