"""How risky an action is: a pure function over facts, with every point accounted for."""

from console.model.decisions import Risk, RiskFactor
from console.model.scales import DataClass, RiskLevel

CLASS_POINTS = {DataClass.PUBLIC: 0, DataClass.INTERNAL: 4, DataClass.CONFIDENTIAL: 14, DataClass.RESTRICTED: 30}
DEPTH_POINTS = 6
OUTWARD_AFTER = {DataClass.PUBLIC: 0, DataClass.INTERNAL: 6, DataClass.CONFIDENTIAL: 25, DataClass.RESTRICTED: 45}
UNFIT_POINTS = 25
THIRD_PARTY_POINTS = 10
CRITICAL_POINTS = 8
PRODUCTION_POINTS = 4
WRITE_POINTS = 8
VOLUME_POINTS = 18


def assess(
    *,
    tool_risk: int,
    tool: str,
    effect: str,
    outward: bool,
    data_class: DataClass,
    chain_class: DataClass,
    sensitive_rows: int,
    depth: int,
    fits_intent: bool,
    purpose: str,
    third_party: bool,
    critical: bool,
    production: bool,
) -> Risk:
    """The risk of one action. `sensitive_rows` are the confidential and restricted rows that the chain has read."""
    factors: list[RiskFactor] = []

    def add(points: int, text: str) -> None:
        if points:
            factors.append(RiskFactor(points=points, text=text))

    add(tool_risk, f"the tool {tool}")
    add(CLASS_POINTS[data_class], f"{data_class} data")
    add(WRITE_POINTS if effect == "write" else 0, "it changes data")
    if outward:
        add(OUTWARD_AFTER[chain_class], f"leaves the house after {chain_class} data was touched")
    add(DEPTH_POINTS * depth, f"delegated {depth} deep")
    add(0 if fits_intent else UNFIT_POINTS, f"“{purpose}” does not use this action")
    add(THIRD_PARTY_POINTS if third_party else 0, "an agent of a third party")
    add(CRITICAL_POINTS if critical else 0, "a critical agent")
    add(PRODUCTION_POINTS if production else 0, "in production")
    if sensitive_rows > 100:
        add(VOLUME_POINTS, f"{sensitive_rows} sensitive rows read in this chain")
    score = min(100, sum(factor.points for factor in factors))
    factors.sort(key=lambda factor: -factor.points)
    return Risk(score=score, level=RiskLevel.of(score), factors=tuple(factors))
