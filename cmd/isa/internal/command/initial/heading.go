package initial

import "strings"

// field is what a column of a personnel table holds.
type field int

const (
	number field = iota // of an employee
	fullName
	lastName
	firstName
	login
	workMail
	privateMail
	cellPhone
	hired
	left
	status
	grade
	position
	userType
	unitCode
	unitName
	parentCode
	order
	unitMail
	head
	primary
	englishLast
	englishFirst
)

// headings are the words for each field in headings of Korean and English
// personnel tables, the most telling first, in the form that folded gives.
func headings() map[field][]string {
	return map[field][]string{
		number:       {"사번", "사원번호", "직원번호", "사원코드", "employeenumber", "employeeno", "employeeid", "empno"},
		fullName:     {"성명", "이름", "사원명", "직원명", "한글성명", "한글이름", "name", "fullname"},
		lastName:     {"성", "lastname", "familyname", "surname"},
		firstName:    {"이름", "명", "firstname", "givenname"},
		login:        {"아이디", "로그인id", "로그인아이디", "계정", "계정id", "userid", "loginid", "login", "id"},
		workMail:     {"회사메일", "회사이메일", "사내메일", "업무메일", "메일", "이메일", "workemail", "email", "mail"},
		privateMail:  {"개인메일", "개인이메일", "외부메일", "외부이메일", "personalemail", "privateemail"},
		cellPhone:    {"휴대폰", "휴대전화", "핸드폰", "휴대폰번호", "휴대전화번호", "핸드폰번호", "mobile", "cellphone", "mobilephone"},
		hired:        {"입사일", "입사일자", "입사년월일", "hiredate", "hiredon", "startdate"},
		left:         {"퇴사일", "퇴사일자", "퇴직일", "퇴직일자", "leavedate", "enddate"},
		status:       {"재직상태", "재직구분", "재직여부", "근무상태", "상태", "status"},
		grade:        {"직급", "직급명", "직위", "직위명", "jobgrade", "grade", "joblevel"},
		position:     {"직책", "직책명", "보직", "position", "jobtitle"},
		userType:     {"고용형태", "고용구분", "직원구분", "사원구분", "근로형태", "employmenttype", "usertype"},
		unitCode:     {"부서코드", "조직코드", "소속코드", "departmentcode", "deptcode", "orgcode", "unitcode"},
		unitName:     {"부서명", "조직명", "부서", "소속", "소속부서", "팀", "팀명", "department", "dept", "orgname", "unitname", "team"},
		parentCode:   {"상위조직코드", "상위부서코드", "상위코드", "상위조직", "상위부서", "parentcode", "parent"},
		order:        {"정렬순서", "표시순서", "순서", "정렬", "order", "sortorder"},
		unitMail:     {"조직메일", "부서메일", "대표메일", "부서이메일"},
		head:         {"조직장", "조직장여부", "부서장", "부서장여부", "팀장여부", "head", "ishead"},
		primary:      {"주겸", "주겸구분", "주소속", "주소속여부", "겸직구분", "primary"},
		englishLast:  {"영문성", "last", "englishlastname"},
		englishFirst: {"영문이름", "영문명", "first", "englishfirstname"},
	}
}

// folded is a heading without spaces, case, marks of needed columns and remarks in
// parentheses: "성명 *" and "성명(필수)" are 성명.
func folded(heading string) string {
	heading, _, _ = strings.Cut(heading, "(")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" *_-./\n\t", r) {
			return -1
		}
		return r
	}, strings.ToLower(heading))
}

// recognise finds the heading of each field. One heading is for one field only: 이름
// is the given name beside 성, else the whole name.
func recognise(all []string) map[field]string {
	at := map[string]string{}
	twice := map[string]bool{}
	for _, h := range all {
		f := folded(h)
		twice[f] = at[f] != "" || twice[f]
		at[f] = h
	}
	out := map[field]string{}
	for f, words := range headings() {
		for _, w := range words {
			if h := at[w]; h != "" && !twice[w] {
				out[f] = h
				break
			}
		}
	}
	if out[lastName] == "" || out[firstName] == "" {
		delete(out, lastName)
		delete(out, firstName)
	} else if out[fullName] == "" || out[fullName] == out[firstName] {
		delete(out, fullName)
	} else {
		delete(out, lastName)
		delete(out, firstName)
	}
	return out
}
