"""Writes formats/onnxGraphs.json: graphs of several branches, attention and scaling, with the outputs of PyTorch.

Run with PyTorch 2.13 and onnx 1.23: python generate_onnxGraphs.py
"""
import base64
import gzip
import io
import json
import warnings
from pathlib import Path

import torch
from torch import nn
warnings.filterwarnings('ignore')
torch.manual_seed(0)
CASES={}
def case(f): CASES[f.__name__]=f; return f
def mod(body, **mods):
    class M(nn.Module):
        def __init__(s):
            super().__init__()
            for k,v in mods.items(): setattr(s,k,v)
        def forward(s,x): return body(s,x)
    return M()
R=lambda i=3,o=4,**k: nn.LSTM(i,o,batch_first=True,**k)
F=lambda: torch.randn(2,5,3)
@case
def sig_then_last():
    def b(s,x): y,_=s.r(x); B,T,H=y.shape; y=torch.sigmoid(s.f(y.contiguous().view(-1,H))).view(B,-1); return y[:,-1]
    return mod(b,r=R(),f=nn.Linear(4,1)),F()
@case
def univariate():
    def b(s,x): y,_=s.r(x.unsqueeze(-1)); return s.f(y[:,-1])
    return mod(b,r=R(1),f=nn.Linear(4,2)),torch.randn(2,5)
@case
def univariate_view():
    def b(s,x): y,_=s.r(x.view(x.shape[0],x.shape[1],1)); return s.f(y[:,-1])
    return mod(b,r=R(1),f=nn.Linear(4,2)),torch.randn(2,5)
@case
def univariate_scaled():
    def b(s,x): y,_=s.r(((x-20.)/3.5).unsqueeze(2)); return s.f(y[:,-1])
    return mod(b,r=R(1),f=nn.Linear(4,2)),torch.randn(2,5)*3+20
@case
def adaptivemax():
    def b(s,x): y,_=s.r(x); return s.f(nn.functional.adaptive_max_pool1d(y.transpose(1,2),1).squeeze(2))
    return mod(b,r=R(),f=nn.Linear(4,2)),F()
@case
def adaptiveavg():
    def b(s,x): y,_=s.r(x); return s.f(nn.functional.adaptive_avg_pool1d(y.transpose(1,2),1).flatten(1))
    return mod(b,r=R(),f=nn.Linear(4,2)),F()
@case
def concatpool():
    def b(s,x): y,_=s.r(x); return s.f(torch.cat([y.mean(1),y.max(1)[0]],1))
    return mod(b,r=R(),f=nn.Linear(8,2)),F()
@case
def concatpool3():
    def b(s,x): y,(h,_)=s.r(x); return s.f(torch.cat([y.mean(1),y.amax(1),h[-1]],1))
    return mod(b,r=R(),f=nn.Linear(12,2)),F()
@case
def residual():
    def b(s,x): y,_=s.r(x); return s.f((x+y)[:,-1])
    return mod(b,r=R(3,3),f=nn.Linear(3,2)),F()
@case
def residual_norm():
    def b(s,x):
        y,_=s.r(x); x=s.n(x+y); z,_=s.q(x); return s.f(s.m(x+z).mean(1))
    return mod(b,r=R(3,3),q=R(3,3),n=nn.LayerNorm(3),m=nn.LayerNorm(3),f=nn.Linear(3,2)),F()
@case
def gated():
    def b(s,x): y,_=s.r(x); g=torch.sigmoid(s.g(x)); return s.f((g*y+(1-g)*x)[:,-1])
    return mod(b,r=R(3,3),g=nn.Linear(3,3),f=nn.Linear(3,2)),F()
@case
def two_branches():
    def b(s,x): a,_=s.r(x); c,_=s.q(x); return s.f(torch.cat([a[:,-1],c[:,-1]],1))
    return mod(b,r=R(),q=nn.GRU(3,2,batch_first=True),f=nn.Linear(6,2)),F()
@case
def attention():
    def b(s,x): y,_=s.r(x); w=torch.softmax(s.a(y),1); return s.f((w*y).sum(1))
    return mod(b,r=R(),a=nn.Linear(4,1),f=nn.Linear(4,2)),F()
@case
def attention_tanh():
    def b(s,x): y,_=s.r(x); w=torch.softmax(s.v(torch.tanh(s.a(y))),1); return s.f((w*y).sum(1))
    return mod(b,r=R(),a=nn.Linear(4,5),v=nn.Linear(5,1,bias=False),f=nn.Linear(4,2)),F()
@case
def attention_tanh_squeezed():
    def b(s,x): y,_=s.r(x); w=torch.softmax(s.v(torch.tanh(s.a(y))).squeeze(2),1); return s.f((w.unsqueeze(2)*y).sum(1))
    return mod(b,r=R(),a=nn.Linear(4,5),v=nn.Linear(5,1,bias=False),f=nn.Linear(4,2)),F()
@case
def attention_bmm():
    def b(s,x):
        y,(h,_)=s.r(x); q=h[-1].unsqueeze(2); w=torch.softmax(torch.bmm(y,q).squeeze(2),1)
        return s.f(torch.bmm(y.transpose(1,2),w.unsqueeze(2)).squeeze(2))
    return mod(b,r=R(),f=nn.Linear(4,2)),F()
@case
def attention_bmm_row():
    def b(s,x):
        y,(h,_)=s.r(x); w=torch.softmax(torch.bmm(h[-1].unsqueeze(1),y.transpose(1,2)),-1)
        return s.f(torch.bmm(w,y).squeeze(1))
    return mod(b,r=R(),f=nn.Linear(4,2)),F()
@case
def attention_cat():
    def b(s,x):
        y,(h,_)=s.r(x); w=torch.softmax(torch.matmul(y,h[-1].unsqueeze(-1)),1)
        c=(w*y).sum(1); return s.f(torch.tanh(s.c(torch.cat([c,h[-1]],1))))
    return mod(b,r=R(),c=nn.Linear(8,4),f=nn.Linear(4,2)),F()
@case
def attention_bi():
    def b(s,x):
        y,_=s.r(x); w=torch.softmax(s.v(torch.tanh(s.a(y))),1); return torch.softmax(s.f((w*y).sum(1)),1)
    return mod(b,r=R(bidirectional=True),a=nn.Linear(8,5),v=nn.Linear(5,1,bias=False),f=nn.Linear(8,3)),F()
@case
def normalise_each():
    def b(s,x): y,_=s.r((x-s.mean)/s.std); return s.f(y[:,-1])
    m=mod(b,r=R(),f=nn.Linear(4,2)); m.register_buffer('mean',torch.tensor([1.,-2,30])); m.register_buffer('std',torch.tensor([.5,2,7])); return m,F()
@case
def normalise_large():
    def b(s,x): y,_=s.r((x-s.mean)/s.std); return s.f(y[:,-1])
    m=mod(b,r=R(),f=nn.Linear(4,2)); m.register_buffer('mean',torch.tensor([101325.,-2,30])); m.register_buffer('std',torch.tensor([10.,2,7])); return m,F()*torch.tensor([10.,2,7])+torch.tensor([101325.,-2,30])
@case
def scale_shift():
    def b(s,x): y,_=s.r(x*s.a+s.b); return s.f(y[:,-1])*s.o+s.p
    m=mod(b,r=R(),f=nn.Linear(4,2)); m.register_buffer('a',torch.tensor([1.5,-2,3])); m.register_buffer('b',torch.tensor([.5,2,7])); m.register_buffer('o',torch.tensor([5.,20])); m.register_buffer('p',torch.tensor([1.,2.])); return m,F()
@case
def cell_unrolled():
    def b(s,x):
        h=torch.zeros(x.shape[0],4); c=torch.zeros(x.shape[0],4)
        for t in range(5): h,c=s.c(x[:,t],(h,c))
        return s.f(h)
    return mod(b,c=nn.LSTMCell(3,4),f=nn.Linear(4,2)),F()
@case
def maximum():
    def b(s,x): y,_=s.r(x); z,_=s.q(x); return s.f(torch.maximum(y,z)[:,-1])
    return mod(b,r=R(),q=R(),f=nn.Linear(4,2)),F()
@case
def ids_residual():
    def b(s,x): e=s.e(x); y,_=s.r(e); return s.f((e+y).mean(1))
    return mod(b,e=nn.Embedding(9,4),r=R(4,4),f=nn.Linear(4,2)),torch.randint(0,9,(2,5))
@case
def initial_constant():
    def b(s,x): y,_=s.r(x,(s.h.expand(1,x.shape[0],4).contiguous(),s.c.expand(1,x.shape[0],4).contiguous())); return s.f(y[:,-1])
    m=mod(b,r=R(),f=nn.Linear(4,2)); m.h=nn.Parameter(torch.randn(1,1,4)); m.c=nn.Parameter(torch.randn(1,1,4)); return m,F()
@case
def time_first_residual():
    def b(s,x): y,_=s.r(x); return s.f((x+y)[-1])
    return mod(b,r=nn.LSTM(3,3),f=nn.Linear(3,2)),torch.randn(5,2,3)
@case
def last_and_mean_difference():
    def b(s,x): y,_=s.r(x); return s.f(y[:,-1]-y.mean(1))
    return mod(b,r=R(),f=nn.Linear(4,2)),F()
@case
def seq2one_linear_skip():
    def b(s,x): y,_=s.r(x); return s.f(y[:,-1])+s.g(x[:,-1])
    return mod(b,r=R(),f=nn.Linear(4,2),g=nn.Linear(3,2)),F()
out={}
for name,f in CASES.items():
    m,x=f(); m.eval()
    for op in ([11,17]):
        buf=io.BytesIO()
        tf=name.startswith('time_first')
        dyn={'x':{1:'b'} if tf else {0:'b',1:'t'},'y':{0:'b'}}
        if 'unrolled' in name: dyn={'x':{0:'b'},'y':{0:'b'}}
        if name.startswith('time_first'): dyn={'x':{0:'t',1:'b'},'y':{0:'b'}}
        torch.onnx.export(m,x,buf,opset_version=op,input_names=['x'],output_names=['y'],dynamic_axes=dyn,dynamo=False)
        y=m(x).detach()
        xs=x.transpose(0,1) if tf else x
        out[f'{name}_{op}']={'x':xs.tolist(),'y':y.tolist(),'file':base64.b64encode(gzip.compress(buf.getvalue(), mtime=0)).decode()}
(Path(__file__).parent / 'formats' / 'onnxGraphs.json').write_text(json.dumps(out) + '\n')
