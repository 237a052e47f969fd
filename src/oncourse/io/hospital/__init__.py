"""What a hospital hands over: its workbook, a folder of reports, both beside the files of its laboratory."""
