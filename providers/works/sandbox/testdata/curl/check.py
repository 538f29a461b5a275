"""Checks what readback.sh read of the tenant against what the calls before set."""
import json, pathlib, sys

work = pathlib.Path(sys.argv[1])
names = dict(line.split("\t") for line in (work / "names.tsv").read_text().splitlines())
wrong = []


def want(what, got, wanted):
    if got != wanted:
        wrong.append(f"{what}: read {got!r}, wanted {wanted!r}")


def kept(name):
    return json.loads((work / f"{name}.json").read_text())


def paged(name, key):
    """The rows of all pages: full ones but the last, nothing twice."""
    pages = int((work / f"{name}.pages").read_text())
    rows = [kept(f"{name}.{n + 1}")[key] for n in range(pages)]
    want(f"{name}: full pages", [len(r) for r in rows[:-1]], [3] * (pages - 1))
    flat = [r for page in rows for r in page]
    want(f"{name}: rows are there once", len({json.dumps(r, sort_keys=True) for r in flat}), len(flat))
    return flat


def has(what, obj, **wanted):
    for key, value in wanted.items():
        want(f"{what} {key}", obj.get(key), value)


def posts(user, domain="domain_id"):
    """(unit, head, position) of each post in a company, the primary one first."""
    for o in user["organizations"]:
        if o["domainId"] == int(names[domain]):
            units = sorted(o["orgUnits"], key=lambda u: not u["primary"])
            return [(u["orgUnitId"], u["isManager"], u["positionId"]) for u in units]
    return []


id_of = names.__getitem__
domain = names["domain"]
users = {u["userId"]: u for u in paged("users", "users")}
# 박서연 moved to the other company.
want("members", set(users), {id_of(n) for n in ("admin", "hong", "kim", "lee", "oh")})
hong, kim, lee, oh = (users[id_of(n)] for n in ("hong", "kim", "lee", "oh"))
has("홍길동", hong, userExternalKey="E1001", email=f"gildong.hong@{domain}", nickName="길동이", telephone="02-1234-5678",
    hiredDate="2020-03-02", employeeNumber="1001", userTypeName="정규직", task="영업 총괄", location=None, isPending=True)
has("홍길동's name", hong["userName"], lastName="홍", firstName="길동")
want("홍길동 in English", [(n["language"], n["firstName"]) for n in hong["i18nNames"]], [("en_US", "Gildong")])
want("홍길동's posts", posts(hong), [(id_of("sales"), False, id_of("head_of"))])
want("홍길동's posts elsewhere", posts(hong, "SECOND_DOMAIN_ID"), [(id_of("logistics"), False, None)])
want("홍길동's level", hong["organizations"][0]["levelName"], "이사")
want("홍길동's leave", hong["leaveOfAbsence"]["isLeaveOfAbsence"], False)
has("김건창", kim, isSuspended=True, suspendedReason="MASTER", isPending=False, aliasEmails=[f"kim@{domain}"])
want("김건창's posts", posts(kim), [(id_of("dev"), False, None), (id_of("sales"), True, None)])
want("김건창's level", kim["organizations"][0]["levelId"], id_of("manager"))
has("이명진", lee, email=f"myungjin.lee@{domain}", isSuspended=False, suspendedReason=None, birthday="1990-08-15",
    birthdayCalendarType="LUNAR", locale="en_US", timeZone="Europe/Berlin", searchable=False)
has("이명진's messenger", lee["messenger"], protocol="CUSTOM", customProtocol="Slack", messengerId="lee")
want("이명진's relations", [(r["relationUserId"], r["relationName"]) for r in lee["relations"]], [(id_of("kim"), "팀장")])
want("이명진's leave", lee["leaveOfAbsence"]["isLeaveOfAbsence"], True)
want("이명진's custom properties", {k: v for k, v in lee["customProperties"].items() if v is not None},
     {"shirt": "L", "skills": ["Go", "SQL"], "badge": 77, "joined": "2024-01-02",
      "home": {"text": "집", "link": "https://example.com/lee"}})
has("오수진", oh, isPending=True, isDeleted=False, userExternalKey="E1006", privateEmail="sj.oh@example.com")
keyless = kept("user-keyless")["users"]
want("members without a key", [u["id"] for u in keyless], [id_of("admin")])
by_name = [u["userId"] for u in paged("users-by-name", "users")]
want("members by name", set(by_name), set(users))

second = {u["userId"]: u for u in kept("second-users")["users"]}
park = second[id_of("park")]
has("박서연", park, domainId=int(names["SECOND_DOMAIN_ID"]), email=f"sy.park@{names['SECOND_DOMAIN']}", userExternalKey="E2004",
    nickName=None, telephone=None, cellPhone="010-2222-3333")
want("박서연's posts", posts(park, "SECOND_DOMAIN_ID"), [(id_of("logistics"), True, None)])
want("members of 물류팀", {(m["userId"], m["isManager"]) for m in kept("logistics")["members"]}, {(id_of("park"), True), (id_of("hong"), False)})

units = {u["orgUnitId"]: u for u in paged("orgunits", "orgUnits")}
tree = sorted(((u["parentOrgUnitId"] or "", u["displayOrder"]), u["orgUnitName"], u["displayLevel"]) for u in units.values())
want("the tree", tree, sorted([
    (("", 1), "해외영업", 1), (("", 2), "경영지원본부", 1), (("", 3), "영업본부", 1), (("", 4), "개발본부", 1),
    ((id_of("sales"), 1), "영업이팀", 2), ((id_of("dev"), 1), "플랫폼실", 2), ((id_of("dev"), 2), "영업1팀", 2)]))
has("영업본부", units[id_of("sales")], description="국내외 영업", email=f"sales@{domain}", aliasEmails=[f"sell@{domain}"],
    useMessage=True, useNote=True, useTask=False, i18nNames=[{"language": "en_US", "name": "Sales"}])
has("플랫폼실", units[id_of("platform")], description=None, useMessage=False, useFolder=False, orgUnitExternalKey="U-platform")
has("영업이팀", units[id_of("sales2")], visible=False, parentExternalKey="U-sales")
has("영업1팀", units[id_of("sales1")], parentExternalKey="U-dev")
dev = units[id_of("dev")]
want("개발본부's recipients", [m["userId"] for m in dev["membersAllowedToUseOrgUnitEmailAsRecipient"]], [id_of("kim")])
want("개발본부's senders", {m["userId"] for m in dev["membersAllowedToUseOrgUnitEmailAsSender"]}, {id_of("kim"), id_of("lee")})
want("members of 개발본부", [m["userId"] for m in kept("dev-members")["members"]], [id_of("kim")])
unit_keys = {u["id"]: u["externalKey"] for u in kept("unit-keys")["orgUnits"]}
want("the key of 해외영업", unit_keys[id_of("abroad")], "U-global")
restriction = kept("restriction")
want("what 영업이팀 sees", (restriction["accessRestrictType"], [(u["orgUnitId"], u["includeSubOrgUnits"]) for u in restriction["specifiedOrgUnits"]]),
     ("ONLY_MY_AND_SPECIFIED_ORGUNIT", [(id_of("dev"), True)]))

groups = {g["groupId"]: g for g in paged("groups", "groups")}
has("이사 준비 TF", groups[id_of("tf")], groupExternalKey="G1", description="도입 준비", useMessage=False, useNote=False)
has("공지", groups[id_of("notice")], groupName="공지", groupExternalKey="G2", useMail=False, canReceiveExternalMail=False)
want("members of the TF", {(m["id"], m["type"]) for m in kept("tf-members")["members"]}, {(id_of("hong"), "USER"), (id_of("lee"), "USER")})
want("masters of the TF", [m["userId"] for m in kept("tf-masters")["administrators"]], [id_of("lee")])
want("members of the notice group", {(m["id"], m["type"]) for m in groups[id_of("notice")]["members"]}, {(id_of("tf"), "GROUP"), (id_of("park"), "USER")})

levels = [(v["levelName"], v["displayOrder"], v["levelExternalKey"], v["executive"]) for v in paged("levels", "levels")]
want("levels", sorted(levels), sorted([("이사", 1, "EXEC", True), ("부장", -5, "L2", False), ("사원", 3, None, False)]))
want("keys of levels", {r["name"]: r["externalKey"] for r in paged("level-keys", "levels")}, {"이사": "EXEC", "부장": "L2", "사원": None})
positions = [(v["positionName"], v["displayOrder"], v["positionExternalKey"]) for v in paged("positions", "positions")]
want("positions", sorted(positions), sorted([("본부장", 1, "P1"), ("파트장", 2, "P3")]))
types = [(v["userTypeName"], v["userTypeCode"], v["userTypeExternalKey"]) for v in paged("user-types", "userTypes")]
want("user types", sorted(types), sorted([("정규직", "REGULAR", "T1"), ("계약직", "CONTRACT_1", "T2")]))
listed = kept("properties")
rows = listed.get("customProperties") or listed.get("customAttributes") or []
want("custom properties", {r["propertyName"]: (r["displayName"], r["propertyType"]) for r in rows},
     {"shirt": ("티셔츠", "STRING"), "skills": ("기술", "STRING"), "badge": ("출입증", "INTEGER"), "joined": ("전입일", "DATE"), "home": ("홈페이지", "LINK")})

if wrong:
    sys.exit("\n".join(wrong))
