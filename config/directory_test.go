package config_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/providers/directory"
)

// TestEmptyDirectory tells where isa looked.
func TestEmptyDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{".", dir} {
		_, list := config.Load(context.Background(), name, config.Options{Kinds: directory.Schemas()})
		if len(list) != 1 || list[0].Code != "config.empty" || !strings.Contains(list[0].Detail, dir) {
			t.Errorf("%s: %v, want %s in it", name, list, dir)
		}
	}
}

// TestRealKinds reads a small company with the kinds of the real service.
func TestRealKinds(t *testing.T) {
	const text = `
tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
}
job_grade "g" { name = "부장" }
org_unit "hq" {
  name  = "본사"
  org_unit "sales" { name = "영업" }
}
member "a" {
  external_key = "1"
  login_id     = "gildong.hong"
  last_name    = "홍"
  first_name   = "길동"
  job_grade    = job_grade.g
  belongs_to { org_unit = org_unit.sales }
}
group "g" {
  name           = "TF"
  members        = [member.a, org_unit.sales]
  administrators = [member.a]
}
`
	cfg, list := config.Load(context.Background(), ".", config.Options{
		Kinds: directory.Schemas(), FS: fstest.MapFS{"main.hcl": {Data: []byte(text)}},
	})
	if list.HasErrors() {
		t.Fatal(list.Err())
	}
	if len(cfg.Objects) != 5 {
		t.Errorf("%d objects, not 5", len(cfg.Objects))
	}
}
