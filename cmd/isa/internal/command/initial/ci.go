package initial

import (
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

// ciFile is the path and the text of the CI workflow of a service, "" for none. It
// plans on each pull request; nothing in it applies.
func ciFile(service string) (path, text string) {
	switch service {
	case "github":
		path, text = ".github/workflows/isa.yml", github
	case "gitlab":
		path, text = ".gitlab-ci.yml", gitlab
	}
	return path, strings.ReplaceAll(text, "{VERSION}", "v"+workspace.Version)
}

const github = `# Plans each pull request and shows the plan in it. Nothing here applies: that is done
# by hand on the machine that keeps the state, with the hash that was approved:
# isa apply --expect HASH
#
# The runner is your own: the state and the tables hold personal data and are not in
# git. Keep the directory with them on the runner and name it in the variable ISA_FILES.
# What is copied here is removed in the end: never apply in this job.
name: isa
on: pull_request

permissions:
  contents: read
  pull-requests: write
  security-events: write

concurrency: isa-${{ github.ref }}

jobs:
  plan:
    # Whoever writes the configuration can read the secrets: not for forks.
    if: github.event.pull_request.head.repo.full_name == github.repository
    runs-on: [self-hosted, isa]
    env:
      WORKS_CLIENT_ID: ${{ secrets.WORKS_CLIENT_ID }}
      WORKS_CLIENT_SECRET: ${{ secrets.WORKS_CLIENT_SECRET }}
      WORKS_SERVICE_ACCOUNT: ${{ secrets.WORKS_SERVICE_ACCOUNT }}
      WORKS_PRIVATE_KEY: ${{ secrets.WORKS_PRIVATE_KEY }}
      GH_TOKEN: ${{ github.token }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-go@v5
        with:
          go-version: stable
          cache: false
      - run: go install github.com/isaworks/isa/cmd/isa@{VERSION}
      - name: State and tables, which are not in git
        run: cp -R "$ISA_FILES/." .
        env:
          ISA_FILES: ${{ vars.ISA_FILES }}
      - run: isa fmt --check
      - run: isa validate --format sarif > isa.sarif
      - uses: github/codeql-action/upload-sarif@v3
        if: always() && hashFiles('isa.sarif') != ''
        with:
          sarif_file: isa.sarif
      - name: Plan
        run: |
          code=0
          isa plan --format markdown > plan.md || code=$?
          cat plan.md >> "$GITHUB_STEP_SUMMARY"
          [ ! -s plan.md ] || gh pr comment ${{ github.event.pull_request.number }} --body-file plan.md --edit-last --create-if-none
          exit $code
      - name: Leave nothing behind
        if: always()
        run: git clean -fdxq
`

const gitlab = `# Plans each merge request and keeps the plan as its artifact. Nothing here applies:
# that is done by hand on the machine that keeps the state, with the hash that was
# approved: isa apply --expect HASH
#
# The runner is your own: the state and the tables hold personal data and are not in
# git. Keep the directory with them on the runner, mounted where jobs run in containers,
# and name it in the variable ISA_FILES. What is copied here is removed in the end: never
# apply in this job.
#
# WORKS_CLIENT_ID, WORKS_CLIENT_SECRET, WORKS_SERVICE_ACCOUNT and WORKS_PRIVATE_KEY are
# masked variables.
isa:
  image: golang:latest
  tags: [isa]
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - go install github.com/isaworks/isa/cmd/isa@{VERSION}
    - cp -R "$ISA_FILES/." .
    - isa fmt --check
    - isa validate --format junit > isa.xml
    - isa plan --format markdown > plan.md
  after_script:
    - git clean -fdxq -e plan.md -e isa.xml
  artifacts:
    when: always
    expire_in: 1 week
    paths: [plan.md]
    reports:
      junit: isa.xml
`
