import json,re,sys
exec(open('/tmp/w/me/map.py').read())
R='/tmp/w/sentences/'
names={}
for t in json.load(open('/tmp/w/list.json')):
    names.setdefault(t['file'][len(R):],[]).append(t['name'])
bad=0; out=[]
for par,s,tests in M:
    res=[]
    for t in tests:
        a,n=t.split(':',1); f,pre=A[a]
        hits=sorted({x for x in names.get(f,[]) if x.startswith(pre+n)})
        if len(hits)!=1:
            print('??',t,hits[:3]); bad+=1; continue
        res.append({'file':f,'name':hits[0]})
    out.append({'paragraph':par,'sentence':s,'tests':res})
text=open('/work/shared/DESIGN.md').read()
sec=text[text.index('## 3. '):text.index('## 4. ')].rstrip()+'\n'
open(R+'test/testdata/design-3.md','w').write(sec)
pars={}
cur='3'
for line in sec.split('\n')[1:]:
    m=re.match(r'### (3\.\d) ',line)
    if m: cur=m.group(1); continue
    if line.startswith('```'): continue
    pars.setdefault(cur,[]).append(re.sub(r'^- ','',line))
for k,v in pars.items():
    want=' '.join(' '.join(v).split()); got=' '.join(s for par,s,_ in M if par==k)
    if want!=got:
        i=next((i for i,(a,b) in enumerate(zip(want,got)) if a!=b),min(len(want),len(got)))
        print('DIFF',k,repr(want[max(0,i-40):i+40]),repr(got[max(0,i-40):i+40])); bad+=1
print(len(out),'sentences',bad,'bad')

def entry(e):
    d=lambda x: json.dumps(x,ensure_ascii=False)
    tests=',\n'.join('      '+d(t) for t in e['tests'])
    return '  {\n    "paragraph": %s,\n    "sentence": %s,\n    "tests": [\n%s\n    ]\n  }'%(d(e['paragraph']),d(e['sentence']),tests)
open(R+'test/testdata/design-3.json','w').write('[\n'+',\n'.join(map(entry,out))+'\n]\n')
if bad: sys.exit(1)
