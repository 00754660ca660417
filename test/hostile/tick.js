// The neighbour: a little waiting, a little work, one line.
await sleep(10);
print("tick", run.number);
