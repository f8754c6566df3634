import sys, cProfile, pstats, os
os.environ["R"]="2"
sys.argv=["chains.py","rl",sys.argv[1]]
src=open("/tmp/vision9/chains.py").read()
g={"__name__":"x"}
p=cProfile.Profile(); p.enable(); exec(compile(src,"chains.py","exec"),g); p.disable()
pstats.Stats(p).sort_stats("tottime").print_stats(22)
